for verb in create destroy list info pause unpause shutdown console logs net-attach net-detach net-list noxs version help; do chaos help $verb; echo; done
chaos list --help | head -n 1
