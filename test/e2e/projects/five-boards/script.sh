# A board that is a script at the end of a serial line. It is on as long as the file `pid` names its process.
case $1 in
  on)
    [ -e pid ] && exit
    setsid sh script.sh run < device > device 2> /dev/null &
    # The end of this command ends its process group, which the board has to have left before.
    while [ ! -e pid ]; do sleep 0.01; done
    ;;
  off) [ ! -e pid ] || { kill "$(cat pid)"; rm pid; } ;;
  run)
    echo $$ > pid
    printf 'script-demo 1.0, start 1\r\n> '
    while read -r line; do
      case $line in
        'led on' | 'led off') printf 'ok\r\n> ' ;;
        *) printf 'unknown: %s\r\n> ' "$line" ;;
      esac
    done
    ;;
esac
