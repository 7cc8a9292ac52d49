chaos logs web
chaos logs -f web --since 10m
chaos logs --follow --since=1d web
chaos logs --json --since 30s web
chaos logs -f --json web
for age in 10 0s m 1w 366d -1s 99999999999999999999s; do chaos logs web --since=$age; done
chaos logs web
