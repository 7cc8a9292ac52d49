chaos_unit_test(noxs_access noxs)
