chaos events
echo "[$?]"
chaos events --json --since 900
echo "[$?]"
chaos events -f --since=1001
echo "[$?]"
chaos events -f
echo "[$?]"
chaos events
echo "[$?]"
for id in 0 -1 now 99999999999999999999 9223372036854775808 5x; do chaos events --since=$id; done
chaos events web
