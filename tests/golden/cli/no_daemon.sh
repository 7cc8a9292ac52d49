unset CHAOS_SOCKET
CHAOS_SOCKET=/nonexistent/sock chaos list
echo "[$?]"
CHAOS_SOCKET=/nonexistent/sock chaos version
echo "[$?]"
CHAOS_SOCKET=/nonexistent/sock chaos version --json
echo "[$?]"
