import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { SessionSerializer } from 'nestjs-session-kit';

/** Encrypts with a random nonce, so the same session serializes differently each time. */
export function encryptingSerializer(): SessionSerializer {
  const key = randomBytes(32);
  return {
    stringify(value) {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const text = Buffer.concat([cipher.update(JSON.stringify(value)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
    },
    parse(text): unknown {
      const bytes = Buffer.from(text, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(12, 28));
      return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString());
    },
  };
}

/** An object that changes whenever it is read, without showing it. */
export function restless(): object {
  let looks = 0;
  const look = (): number => (looks += 1);
  return new Proxy(
    { looks: 0 },
    {
      get: (target, key) => (key === 'looks' ? look() : Reflect.get(target, key)),
      getOwnPropertyDescriptor: (target, key) => {
        const property = Reflect.getOwnPropertyDescriptor(target, key);
        return key === 'looks' ? { ...property, value: look() } : property;
      },
    },
  );
}
