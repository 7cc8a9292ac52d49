for verb in create destroy list info pause unpause shutdown reboot rename define undefine start restart console logs events wait net-attach net-detach net-list dump-core mem-set vcpu-pin sched dmesg noxs version help; do chaos help $verb; echo; done
chaos list --help | head -n 1
