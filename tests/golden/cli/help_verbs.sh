for verb in create destroy list info pause unpause shutdown console logs dump-core mem-set vcpu-pin sched dmesg noxs version help; do chaos help $verb; echo; done
chaos list --help | head -n 1
