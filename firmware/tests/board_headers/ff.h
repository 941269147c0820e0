// esp-idf v5.1 components/fatfs/src/ff.h
#pragma once
#include <cstdint>
typedef unsigned char BYTE;
typedef uint32_t DWORD;
typedef char TCHAR;
typedef enum { FR_OK, FR_NOT_READY = 3, FR_NO_FILE, FR_NO_PATH, FR_NOT_ENABLED = 12, FR_NO_FILESYSTEM } FRESULT;
typedef struct {
    DWORD dptr;
} FF_DIR;
typedef struct {
    DWORD fsize;
    BYTE fattrib;
    TCHAR fname[256];
} FILINFO;
#define AM_DIR 0x10
extern "C" {
FRESULT f_opendir(FF_DIR* dp, const TCHAR* path);
FRESULT f_closedir(FF_DIR* dp);
FRESULT f_readdir(FF_DIR* dp, FILINFO* fno);
}
