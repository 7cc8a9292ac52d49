chaos list
chaos list --json
chaos list
chaos list --json
