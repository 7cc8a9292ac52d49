chaos net-attach web 'mac=00:16:3E:00:00:09, ip=10.77.0.9, publish=8080:80'
chaos net-attach web bridge=br0 --timeout 1.5 --json
chaos net-attach web color=red; echo $?
chaos net-attach web ip=300.1.1.1; echo $?
chaos net-attach web; echo $?
chaos net-list web
chaos net-list web --json
chaos net-detach web 1
chaos net-detach web 00:16:3e:00:00:0a; echo $?
chaos net-detach web 1 --json
chaos net-list web; echo $?
chaos net-attach; echo $?
chaos net-detach web; echo $?
chaos net-list web db
