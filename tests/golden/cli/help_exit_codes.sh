chaos help exit-codes
chaos help exit-codes --json | head -n 6
chaos help --json | head -n 12
