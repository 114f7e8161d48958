# Read by backup.sh and restore.sh: takes the password out of SUPERUSER_URL, because every user of a machine sees the arguments of
# its processes. Sets address (without the password) and PGPASSWORD (for the programs of PostgreSQL, in their environment).
address=$SUPERUSER_URL
place=${SUPERUSER_URL#*://}
login=${place%%[@/]*}
case $place in
"$login"@*)
    case $login in
    *:*)
        # %40 and the like stand for a character each.
        PGPASSWORD=$(SPELT=${login#*:} awk 'BEGIN {
            spelt = ENVIRON["SPELT"]
            while ((at = index(spelt, "%")) > 0) {
                digits = tolower(substr(spelt, at + 1, 2))
                hex = "0123456789abcdef"
                value = (index(hex, substr(digits, 1, 1)) - 1) * 16 + index(hex, substr(digits, 2, 1)) - 1
                plain = plain substr(spelt, 1, at - 1) sprintf("%c", value)
                spelt = substr(spelt, at + 3)
            }
            printf "%s", plain spelt
        }')
        export PGPASSWORD
        address=${SUPERUSER_URL%%://*}://${login%%:*}@${place#*@}
        ;;
    esac
    ;;
esac
unset SUPERUSER_URL
