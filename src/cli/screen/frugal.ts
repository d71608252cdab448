/** Memory of a program that runs for days and works little. */
import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 collect garbage sooner: by default it lets 16 MiB of new objects and
 * several times what is in use pile up first, which is more than a screen of
 * 10,000 lines takes. What it costs of time was not to be measured
 * (bench/results.md). Flags that V8 reads whenever it decides, not only at its
 * start; one that it does not know it leaves alone.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=30')
}
