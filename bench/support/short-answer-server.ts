/** An HTTP server with short answers, on the port in its argument. Prints the port. */
import { createServer } from 'node:http';

const port = Number(process.argv[2]);
const server = createServer((_, response) => response.end('short'));
server.listen(port, '0.0.0.0', 511, () => process.stdout.write(`port ${port}\n`));
