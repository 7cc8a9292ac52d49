chaos pause web
chaos unpause web db --json
chaos pause web
