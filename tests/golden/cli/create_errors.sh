chaos create nonexistent.cfg
echo "[$?]"
printf "name = 'web'\nmemroy = 4\n" >web.cfg
chaos create web.cfg
echo "[$?]"
printf "name = 'web'\nkernel = '/nonexistent'\n" >web.cfg
chaos create web.cfg "disk=['x']"
echo "[$?]"
chaos create web.cfg name=web2
chaos create web.cfg memory=
chaos create web.cfg -p 80
chaos create web.cfg -p 80:80
chaos create web.cfg
echo "[$?]"
