chaos dump-core web web.core
ls -l web.core | cut -c 1-10
chaos dump-core web web.core
echo "[$?]"
chaos dump-core --force web web.core --json
chaos dump-core web no/such/file
echo "[$?]"
chaos dump-core web gone.core
echo "[$?]"
ls
chaos dump-core web
