// esp-idf v5.1 components/driver/usb_serial_jtag/include/driver/usb_serial_jtag.h
#pragma once
extern "C" bool usb_serial_jtag_is_connected(void);
