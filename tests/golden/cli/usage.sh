chaos creat
echo "[$?]"
chaos list --jsn
echo "[$?]"
chaos list -x
chaos list extra
chaos info
chaos info a b
chaos create
chaos help creat
chaos shutdown web --timeout soon
chaos shutdown web --timeout=0
chaos shutdown web --timeout
chaos destroy web --wait=yes
chaos create web.cfg -n 0
chaos create web.cfg -n 1x
chaos create web.cfg --count=40000
chaos "$(printf 'bad\033[31m')"
chaos info "$(printf 'a\033b')"
echo "[$?]"
