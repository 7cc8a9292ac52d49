chaos top --batch --delay 0.01
chaos top -b -n 2 -d 0.01 --sort memory
chaos top --json -d 0.01
chaos top -d 0.01 -s rx
chaos top --sort color
chaos top -n 0
chaos top --delay never
chaos top web
chaos help top
