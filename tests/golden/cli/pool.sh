chaos pool
chaos pool --json
chaos pool set memory=2 nics=1 image=/srv/images/web target=8
chaos pool set budget=lots
echo "[$?]"
chaos pool fill
echo "[$?]"
