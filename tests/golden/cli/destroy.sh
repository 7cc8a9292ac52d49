chaos destroy web
chaos destroy --wait web
chaos destroy a b c --json
echo "[$?]"
chaos destroy -- -odd-
