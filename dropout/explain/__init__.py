"""Why a student's chance is what it is: exact contributions, summed to concepts, turned into reasons."""
