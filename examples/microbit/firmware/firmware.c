/*
 * Demonstration firmware for a BBC micro:bit (nRF51822), small enough to read in a few minutes.
 *
 * Prints a banner with the number of starts since the power came, then answers lines at 115200 baud:
 *   version           the version of the firmware
 *   led on | led off  the top left LED
 *   buttons           the buttons A and B that are pressed
 * and reports every other line as unknown. It sleeps while there is nothing to do.
 *
 * Addresses and bits are those of the nRF51 Series Reference Manual; pins those of the micro:bit's schematic, version 1.3.
 */
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

#define UART_STARTRX REGISTER(0x40002000)
#define UART_STARTTX REGISTER(0x40002008)
#define UART_RXDRDY REGISTER(0x40002108)
#define UART_TXDRDY REGISTER(0x4000211c)
#define UART_INTENSET REGISTER(0x40002304)
#define UART_ENABLE REGISTER(0x40002500)
#define UART_PSELTXD REGISTER(0x4000250c)
#define UART_PSELRXD REGISTER(0x40002514)
#define UART_RXD REGISTER(0x40002518)
#define UART_TXD REGISTER(0x4000251c)
#define UART_BAUDRATE REGISTER(0x40002524)
#define UART_IRQ (1u << 2)

#define GPIO_OUTSET REGISTER(0x50000508)
#define GPIO_OUTCLR REGISTER(0x5000050c)
#define GPIO_IN REGISTER(0x50000510)
#define GPIO_DIRSET REGISTER(0x50000518)
#define GPIO_PIN_CNF(pin) REGISTER(0x50000700 + 4 * (pin))
#define PULL_UP (3u << 2)

#define NVIC_ISER REGISTER(0xe000e100)
#define NVIC_ICPR REGISTER(0xe000e280)

#define LED_COLUMN 4
#define LED_ROW 13
#define BUTTON_A 17
#define BUTTON_B 26
#define TXD 24
#define RXD 25

#define STARTED 0x57a27ed1u

/* RAM that nothing clears: it keeps its content in a reset, and loses it without power. */
static struct {
  uint32_t mark;
  uint32_t count;
} starts __attribute__((section(".noinit")));

static void put_char(char c) {
  UART_TXDRDY = 0;
  UART_TXD = (uint8_t)c;
  while (!UART_TXDRDY)
    ;
}

static void put_text(const char *text) {
  while (*text) put_char(*text++);
}

/* The Cortex-M0 cannot divide; numbers here are small. */
static void put_number(uint32_t number) {
  uint32_t tens = 0;
  for (; number >= 10; number -= 10) tens++;
  if (tens) put_number(tens);
  put_char((char)('0' + number));
}

/* With masked interrupts no handler runs, but a pending interrupt ends the sleep. */
static char get_char(void) {
  while (!UART_RXDRDY) {
    __asm volatile("wfi");
    NVIC_ICPR = UART_IRQ;
  }
  UART_RXDRDY = 0;
  return (char)UART_RXD;
}

static int equal(const char *a, const char *b) {
  for (; *a == *b; a++, b++) {
    if (!*a) return 1;
  }
  return 0;
}

static void put_button(const char *name, uint32_t pin) {
  put_text(name);
  put_text(GPIO_IN & (1u << pin) ? " released" : " pressed");
}

static void answer(const char *line) {
  if (equal(line, "version")) {
    put_text("microbit-demo 1.0");
  } else if (equal(line, "led on")) {
    GPIO_OUTSET = 1u << LED_ROW;
    put_text("ok");
  } else if (equal(line, "led off")) {
    GPIO_OUTCLR = 1u << LED_ROW;
    put_text("ok");
  } else if (equal(line, "buttons")) {
    put_button("a", BUTTON_A);
    put_button(", b", BUTTON_B);
  } else {
    put_text("unknown: ");
    put_text(line);
  }
}

void main(void) {
  /* An LED is lit when its row is high and its column is low. */
  GPIO_OUTCLR = 1u << LED_ROW | 1u << LED_COLUMN;
  GPIO_DIRSET = 1u << LED_ROW | 1u << LED_COLUMN;
  GPIO_PIN_CNF(BUTTON_A) = PULL_UP;
  GPIO_PIN_CNF(BUTTON_B) = PULL_UP;
  UART_PSELTXD = TXD;
  UART_PSELRXD = RXD;
  UART_BAUDRATE = 0x01d7e000;
  UART_ENABLE = 4;
  UART_INTENSET = 1u << 2;
  UART_STARTTX = 1;
  UART_STARTRX = 1;
  __asm volatile("cpsid i");
  NVIC_ISER = UART_IRQ;

  if (starts.mark != STARTED) {
    starts.mark = STARTED;
    starts.count = 0;
  }
  put_text("microbit-demo 1.0, start ");
  put_number(++starts.count);

  char line[32];
  for (;;) {
    put_text("\r\n> ");
    uint32_t length = 0;
    for (char c; (c = get_char()) != '\r';) {
      if (length == sizeof line - 1) continue;
      line[length++] = c;
      put_char(c);
    }
    line[length] = 0;
    put_text("\r\n");
    answer(line);
  }
}

extern uint32_t stack_top;

/* The processor starts with these: its stack, and the address of the first instruction. */
__attribute__((section(".vectors"), used)) static const void *const vectors[] = {&stack_top, (const void *)main};
