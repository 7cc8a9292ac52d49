chaos help exit-codes
