chaos console web
chaos console web --no-follow
chaos console web --json
printf 'to the guest\n' | chaos console web
chaos console web
