import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** Creates an authority and its certificate for `localhost`. @returns folder with `ca.pem`, `key.pem`, `cert.pem` */
export async function makeAuthority(parent: string): Promise<string> {
  const script = `mkdir authority && cd authority &&
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -days 2 -subj /CN=authority-of-the-operator &&
    openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=localhost &&
    printf 'subjectAltName=DNS:localhost\\n' > extensions &&
    openssl x509 -req -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out cert.pem -days 2 -extfile extensions`;
  await promisify(execFile)('sh', ['-c', script], { cwd: parent });
  return path.join(parent, 'authority');
}
