/*
 * Demonstration firmware for a Raspberry Pi Pico (RP2040), small enough to read in a few minutes.
 *
 * Prints a banner with the number of starts since the power came, then answers lines at 115200 baud on UART0 (GP0, GP1):
 *   version           the version of the firmware
 *   led on | led off  the LED on GP25
 *   button            the button at GP15, which pulls the pin low
 *   reboot            starts again, by the watchdog
 * and reports every other line as unknown. It sleeps while there is nothing to do.
 *
 * Addresses and bits are those of the RP2040 Datasheet; pins those of the Pico's schematic.
 */
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
/* Section 2.1.2: writes to the same register at this offset set bits, or clear them. */
#define SET(address) REGISTER((address) + 0x2000)
#define CLEAR(address) REGISTER((address) + 0x3000)

/* Section 4.10.3. */
#define SSI_CTRLR0 REGISTER(0x18000000)
#define SSI_CTRLR1 REGISTER(0x18000004)
#define SSI_ENR REGISTER(0x18000008)
#define SSI_BAUDR REGISTER(0x18000014)
#define SSI_SPI_CTRLR0 REGISTER(0x180000f4)

/* Sections 2.14.3, 2.15.7 and 2.16.7. */
#define RESETS_RESET 0x4000c000
#define RESETS_DONE REGISTER(0x4000c008)
#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_UART0 (1u << 22)
#define CLK_REF_CTRL REGISTER(0x40008030)
#define CLK_REF_SELECTED REGISTER(0x40008038)
#define CLK_PERI_CTRL REGISTER(0x40008048)
#define XOSC_CTRL REGISTER(0x40024000)
#define XOSC_STATUS REGISTER(0x40024004)
#define XOSC_STARTUP REGISTER(0x4002400c)

/* Sections 2.19.6 and 2.3.1.7. */
#define GPIO_CTRL(pin) REGISTER(0x40014004 + 8 * (pin))
#define GPIO_PAD(pin) REGISTER(0x4001c004 + 4 * (pin))
#define FUNCTION_UART 2
#define FUNCTION_SIO 5
#define PAD_OUTPUT 0x56u
#define PAD_PULL_UP 0x5au
#define GPIO_IN REGISTER(0xd0000004)
#define GPIO_OUT_SET REGISTER(0xd0000014)
#define GPIO_OUT_CLR REGISTER(0xd0000018)
#define GPIO_OE_SET REGISTER(0xd0000024)

/* Section 4.2.8. */
#define UART_DR REGISTER(0x40034000)
#define UART_FR REGISTER(0x40034018)
#define UART_IBRD REGISTER(0x40034024)
#define UART_FBRD REGISTER(0x40034028)
#define UART_LCR_H REGISTER(0x4003402c)
#define UART_CR REGISTER(0x40034030)
#define UART_IMSC REGISTER(0x40034038)
#define RX_EMPTY (1u << 4)
#define TX_FULL (1u << 5)
#define UART_IRQ 20

/* Sections 2.13.5 and 4.7.6. */
#define PSM_WDSEL REGISTER(0x40010008)
#define WATCHDOG 0x40058000
#define WATCHDOG_TRIGGER (1u << 31)

#define VTOR REGISTER(0xe000ed08)
#define NVIC_ISER REGISTER(0xe000e100)

#define LED 25
#define BUTTON 15
#define TXD 0
#define RXD 1

#define STARTED 0x57a27ed1u

/* RAM that nothing clears: it keeps its content in a reset, and loses it without power. */
static struct {
  uint32_t mark;
  uint32_t count;
} starts __attribute__((section(".noinit")));

extern uint32_t stack_top;
static void run(void);
static void receive(void);

/* The processor starts with the first two: its stack, and the address of the first instruction. The interrupts begin at 16. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16 + UART_IRQ + 1] = {
    &stack_top,
    (const void *)run,
    [16 + UART_IRQ] = (const void *)receive,
};

/* The bytes that arrived while the firmware was busy. */
static volatile char received[64];
static volatile uint32_t received_head, received_tail;

/*
 * The second stage of the boot (section 2.8.1.3.1). The boot ROM copies these first 252 bytes of the flash into the RAM and runs
 * them if the four bytes that follow are their checksum. They make the flash readable as memory, with the command 03h that every
 * flash knows (section 4.10.12), and start the program.
 */
__attribute__((section(".boot"), used, naked)) void boot(void) {
  SSI_ENR = 0;
  SSI_BAUDR = 4;
  SSI_CTRLR0 = 3u << 8 | 31u << 16;
  SSI_CTRLR1 = 0;
  SSI_SPI_CTRLR0 = 3u << 24 | 2u << 8 | 6u << 2;
  SSI_ENR = 1;
  VTOR = (uint32_t)vectors;
  __asm volatile("ldr r0, [%0]\n mov sp, r0\n ldr r0, [%0, #4]\n bx r0" : : "r"(vectors) : "r0");
}

static void put_char(char c) {
  while (UART_FR & TX_FULL)
    ;
  UART_DR = (uint8_t)c;
}

static void put_text(const char *text) {
  while (*text) put_char(*text++);
}

/* The Cortex-M0+ cannot divide; numbers here are small. */
static void put_number(uint32_t number) {
  uint32_t tens = 0;
  for (; number >= 10; number -= 10) tens++;
  if (tens) put_number(tens);
  put_char((char)('0' + number));
}

static void receive(void) {
  while (!(UART_FR & RX_EMPTY)) {
    received[received_head] = (char)UART_DR;
    received_head = (received_head + 1) % sizeof received;
  }
}

/* The interrupts are masked for the look at the queue, so that none comes between it and the sleep, which an interrupt ends. */
static char get_char(void) {
  __asm volatile("cpsid i");
  while (received_tail == received_head) __asm volatile("wfi\n cpsie i\n isb\n cpsid i" : : : "memory");
  __asm volatile("cpsie i");
  char c = received[received_tail];
  received_tail = (received_tail + 1) % sizeof received;
  return c;
}

static int equal(const char *a, const char *b) {
  for (; *a == *b; a++, b++) {
    if (!*a) return 1;
  }
  return 0;
}

static void answer(const char *line) {
  if (equal(line, "version")) {
    put_text("pico-demo 1.0");
  } else if (equal(line, "led on")) {
    GPIO_OUT_SET = 1u << LED;
    put_text("ok");
  } else if (equal(line, "led off")) {
    GPIO_OUT_CLR = 1u << LED;
    put_text("ok");
  } else if (equal(line, "button")) {
    put_text(GPIO_IN & (1u << BUTTON) ? "released" : "pressed");
  } else if (equal(line, "reboot")) {
    PSM_WDSEL = 0x1fffc;
    SET(WATCHDOG) = WATCHDOG_TRIGGER;
  } else {
    put_text("unknown: ");
    put_text(line);
  }
}

static void set_up(void) {
  received_head = received_tail = 0;
  /* The crystal of 12 MHz drives everything. */
  XOSC_CTRL = 0xaa0;
  XOSC_STARTUP = 47;
  XOSC_CTRL = 0xfabaa0;
  while (!(XOSC_STATUS & 1u << 31))
    ;
  CLK_REF_CTRL = 2;
  while (!(CLK_REF_SELECTED & 1u << 2))
    ;
  CLK_PERI_CTRL = 1u << 11;
  const uint32_t used = RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_UART0;
  CLEAR(RESETS_RESET) = used;
  while ((RESETS_DONE & used) != used)
    ;
  GPIO_PAD(LED) = PAD_OUTPUT;
  GPIO_OUT_CLR = 1u << LED;
  GPIO_OE_SET = 1u << LED;
  GPIO_CTRL(LED) = FUNCTION_SIO;
  GPIO_PAD(BUTTON) = PAD_PULL_UP;
  GPIO_CTRL(BUTTON) = FUNCTION_SIO;
  GPIO_PAD(RXD) = PAD_PULL_UP;
  GPIO_CTRL(RXD) = FUNCTION_UART;
  GPIO_CTRL(TXD) = FUNCTION_UART;
  /* 12 MHz / (16 * 115200) = 6 + 33/64; 8 bits, with the queues; interrupts for a filled queue and for a pause. */
  UART_IBRD = 6;
  UART_FBRD = 33;
  UART_LCR_H = 3u << 5 | 1u << 4;
  UART_IMSC = 1u << 4 | 1u << 6;
  UART_CR = 1u << 9 | 1u << 8 | 1u << 0;
  NVIC_ISER = 1u << UART_IRQ;
}

static void run(void) {
  set_up();
  if (starts.mark != STARTED) {
    starts.mark = STARTED;
    starts.count = 0;
  }
  put_text("pico-demo 1.0, start ");
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
