// Attention of packed sequences on tensor cores, with all that an operation may ask for.
#include "attention_flash.h"

// attention_general<D>_<dtype>: as attention_flash<D>_<dtype>, and with rows anywhere, any d and dv from 1 to D, pages, bias,
// dropout and any scale. What attention_flash can do too has the same bits.
FLASH_WIDTHS(general, true)
