chaos mem-set web 4
chaos mem-set web 2 --timeout 0.5 --json
chaos mem-set web 9
echo "[$?]"
for mib in 0 4M -1 99999999999 ''; do chaos mem-set web "$mib"; done
chaos mem-set web 4 --timeout never
chaos mem-set web
