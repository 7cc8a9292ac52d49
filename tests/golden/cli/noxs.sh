chaos noxs web
chaos noxs web --json
chaos noxs web
