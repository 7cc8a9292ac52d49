chaos shutdown web
chaos shutdown web --timeout 0.5 --force
chaos shutdown web
