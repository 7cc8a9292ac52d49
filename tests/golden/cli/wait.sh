chaos wait web --for ready
echo "[$?]"
chaos wait web --for stopped --timeout 1.5
echo "[$?]"
chaos wait web --for ready
echo "[$?]"
chaos wait --json web --for=gone
chaos wait web
echo "[$?]"
chaos wait web --for ready --timeout never
chaos wait a b --for gone
chaos wait
