import { Module } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { SessionEntity } from 'nestjs-session-kit/typeorm';

import type { Environment } from '../environment.js';

/**
 * The connection that the driver `database` finds and uses: the same one as for an application's own tables.
 */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService<Environment, true>) =>
        connectionOptions(config.get('DATABASE_URL', { infer: true })),
    }),
  ],
})
export class DatabaseModule {}

function connectionOptions(url: string): TypeOrmModuleOptions {
  // `synchronize` creates the table. A real application creates it with a migration.
  const common = { entities: [SessionEntity], synchronize: true };
  if (url.startsWith('sqlite:')) {
    return { ...common, type: 'better-sqlite3', database: url.slice('sqlite:'.length), enableWAL: true };
  }
  if (url.startsWith('mysql:')) return { ...common, type: 'mysql', url };
  return { ...common, type: 'postgres', url };
}
