chaos
echo "[$?]"
chaos help
chaos --help | head -n 1
chaos -h | head -n 1
