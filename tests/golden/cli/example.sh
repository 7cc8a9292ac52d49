touch image
printf "name = 'web'\nkernel = 'image'\n" >web.cfg
boot web.cfg
boot web.cfg
echo "[$?]"
boot nonexistent.cfg
echo "[$?]"
boot
