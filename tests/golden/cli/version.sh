chaos version
chaos --version
chaos version --json
