chaos dmesg
chaos dmesg --clear --json
chaos dmesg
echo "[$?]"
chaos dmesg web
