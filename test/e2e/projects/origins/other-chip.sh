#!/bin/sh
# What avrdude 7.1 prints when another chip answers.
case "$*" in '-?') echo 'avrdude version 7.1'; exit 0 ;; esac
echo 'avrdude: AVR device initialized and ready to accept instructions' >&2
echo 'avrdude: device signature = 0x1e9801 (probably m2560)' >&2
echo 'avrdude error: expected signature for ATmega328P is 1E 95 0F' >&2
exit 1
