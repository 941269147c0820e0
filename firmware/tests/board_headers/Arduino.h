// arduino-esp32 3.0 cores/esp32/Arduino.h, HWCDC.h, HardwareSerial.h (USB CDC on boot)
#pragma once
#include <cstddef>
#include <cstdint>
class HWCDC {
public:
    void setTxTimeoutMs(uint32_t timeout);
    void begin(unsigned long baud = 0);
    size_t write(const uint8_t* buffer, size_t size);
};
extern HWCDC HWCDCSerial;
#define Serial HWCDCSerial
void setup();
void loop();
