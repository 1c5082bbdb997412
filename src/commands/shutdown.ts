/** Ctrl+C and SIGTERM: the first asks to stop, the second ends at once. */
import { stopExitCode } from '../watchdog/watchdog.ts';
import { say } from './printing.ts';

/** A second signal that this finds frozen is the watchdog's to act on. @param stop called once, at the first signal */
export function stopOnSignals(stop: () => Promise<void>): void {
  let asked = false;
  function onSignal(signal: NodeJS.Signals): void {
    if (asked) {
      say('chela: stopped at once');
      process.exit(stopExitCode);
    }
    asked = true;
    say(`\nchela: stopping (${signal}); once more stops at once`);
    void stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`chela: could not stop cleanly: ${(error as Error).message}\n`);
        process.exit(1);
      },
    );
  }
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
}
