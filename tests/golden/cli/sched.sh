chaos sched web
chaos sched web --json
chaos sched web --weight 512
chaos sched web --cap 50 --json
chaos sched web --weight 1 --cap 0
chaos sched web
echo "[$?]"
for option in --weight=0 --weight=65536 --weight=x --cap=-1 --cap; do chaos sched web $option; done
chaos sched
