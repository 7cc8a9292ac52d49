chaos list
chaos info web
chaos version
chaos noxs web
echo "[$?]"
