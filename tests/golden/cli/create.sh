touch image
printf "name = 'web'\nkernel = 'image'\nmemory = 4\nvif = ['']\n" >web.cfg
chaos create web.cfg
chaos create web.cfg --quiet
chaos create web.cfg --no-wait --timeout 2.5 -p 8080:80 --publish=53:53/udp memory=0x10 "cmdline='a b'"
chaos create web.cfg --timing | sed 's/caller *[0-9.]*/caller N/'
chaos create web.cfg --json
chaos create web.cfg --json --timing | sed 's/\("call_us": \)[0-9.]*/\1N/'
chaos create web.cfg
echo "[$?]"
