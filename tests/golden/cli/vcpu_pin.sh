chaos vcpu-pin web 0 1
chaos vcpu-pin web all 2-4,^3
chaos vcpu-pin web all all --json
chaos vcpu-pin web 0 0 --json
chaos vcpu-pin web 0 9
echo "[$?]"
for vcpu in first 1x ''; do chaos vcpu-pin web "$vcpu" 0; done
for cpus in 1024 '' ^0 node:0 '0;1'; do chaos vcpu-pin web 0 "$cpus"; done
echo "[$?]"
chaos vcpu-pin web 0
