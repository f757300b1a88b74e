/*
 * Demonstration firmware for an Arduino Uno (ATmega328P, 16 MHz).
 *
 * Prints a banner with the number of its starts (kept in EEPROM), then answers lines at 115200 baud:
 *   led on | led off | led read    the LED on D13
 *   button read                    the level of D2
 *   sum A B                        adds two integers
 * and echoes every other line.
 */
#include <avr/eeprom.h>
#include <avr/interrupt.h>
#include <avr/io.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BAUD 115200
#define LED PB5
#define BUTTON PD2

static uint16_t EEMEM reset_count;

/* The bytes that arrived while the firmware was busy. */
static volatile char received[128];
static volatile uint8_t received_head, received_tail;

ISR(USART_RX_vect) {
  received[received_head] = UDR0;
  received_head = (received_head + 1) % sizeof received;
}

static char get_char(void) {
  while (received_tail == received_head)
    ;
  char c = received[received_tail];
  received_tail = (received_tail + 1) % sizeof received;
  return c;
}

static void put_char(char c) {
  while (!(UCSR0A & _BV(UDRE0)))
    ;
  UDR0 = c;
}

static void put_text(const char *text) {
  while (*text) put_char(*text++);
}

static void put_number(int32_t number) {
  char digits[12];
  ltoa(number, digits, 10);
  put_text(digits);
}

static void put_line(const char *text) {
  put_text(text);
  put_text("\r\n");
}

/* Reads up to a carriage return or line feed, and echoes each byte. */
static void read_line(char *line, uint8_t size) {
  uint8_t length = 0;
  for (;;) {
    char c = get_char();
    if (c == '\r' || c == '\n') {
      if (length == 0) continue;
      line[length] = 0;
      put_text("\r\n");
      return;
    }
    if (length < size - 1) {
      line[length++] = c;
      put_char(c);
    }
  }
}

static void sum(char *arguments) {
  char *end;
  int32_t a = strtol(arguments, &end, 10);
  char *second = end;
  int32_t b = strtol(second, &end, 10);
  if (second == arguments || end == second) {
    put_line("usage: sum A B");
    return;
  }
  put_number(a + b);
  put_line("");
}

static void answer(char *line) {
  if (strcmp(line, "led on") == 0) {
    PORTB |= _BV(LED);
    put_line("ok");
  } else if (strcmp(line, "led off") == 0) {
    PORTB &= ~_BV(LED);
    put_line("ok");
  } else if (strcmp(line, "led read") == 0) {
    put_line(PORTB & _BV(LED) ? "on" : "off");
  } else if (strcmp(line, "button read") == 0) {
    put_line(PIND & _BV(BUTTON) ? "pressed" : "released");
  } else if (strncmp(line, "sum ", 4) == 0) {
    sum(line + 4);
  } else {
    put_text("echo: ");
    put_line(line);
  }
}

int main(void) {
  DDRB |= _BV(LED);
  UCSR0A = _BV(U2X0);
  UBRR0 = (F_CPU / 8 + BAUD / 2) / BAUD - 1;
  UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
  UCSR0B = _BV(RXCIE0) | _BV(RXEN0) | _BV(TXEN0);
  sei();

  /* A new EEPROM is all ones, so that the first start is number 1 here too. */
  uint16_t resets = eeprom_read_word(&reset_count);
  resets = resets == 0xffff ? 1 : resets + 1;
  eeprom_update_word(&reset_count, resets);
  put_text("demo firmware 1.0, start ");
  put_number(resets);
  put_line("");

  static char line[64];
  for (;;) {
    put_text("> ");
    read_line(line, sizeof line);
    answer(line);
  }
}
