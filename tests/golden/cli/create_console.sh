touch image
printf "name = 'web'\nkernel = 'image'\nmemory = 4\nvif = ['']\n" >web.cfg
printf 'to the guest\n' | chaos create -c web.cfg
chaos create --console -q web.cfg </dev/null
chaos create -c web.cfg
echo "[$?]"
chaos create -c -q web.cfg
echo "[$?]"
chaos create -c --json web.cfg
chaos create -c -n 2 web.cfg
