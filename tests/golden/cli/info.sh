chaos info web
chaos info 12
chaos info 6f0c --json
chaos info nobody
