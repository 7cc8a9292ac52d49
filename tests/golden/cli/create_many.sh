touch image
printf "name = 'web'\nkernel = 'image'\nvif = ['']\n" >web.cfg
chaos create web.cfg -n 2
chaos create web.cfg -n 2 --json
chaos create web.cfg -n 1 --timing | grep -v 'seen by caller'
chaos create web.cfg -n 3
echo "[$?]"
chaos create web.cfg -n 3
chaos create web.cfg -n 5
chaos create web.cfg -n 3 --json
chaos create web.cfg -n 10000 "name='$(printf '%061d' 0)a'"
chaos create web.cfg -n 2
echo "[$?]"
chaos create web.cfg -n 2
chaos create web.cfg -n 1
chaos create web.cfg -n 1
chaos create web.cfg -n 2
echo "[$?]"
chaos create web.cfg -n 2 "vif=['mac=00:16:3e:00:00:01']"
echo "[$?]"
chaos create web.cfg -n 2 "vif=['','ip=10.77.0.3']"
chaos create web.cfg -n 2 -p 80:80
printf "kernel = 'image'\n" >web.cfg
chaos create web.cfg -n 2
