-- Takes back 0026_key_rotations. The trail of changes keeps which versions were in force; keys that were replaced stay so.
SET LOCAL ROLE earshot_owner;
DROP TABLE key_rotations;
