import { join } from 'node:path';
import { Controller, Get } from '@nestjs/common';
import { Session, SessionModule, type SessionModuleOptions } from 'nestjs-session-kit';
import { appOn } from './nest-app.js';
import { firstViews, nextViews, sessionContent, type Answer } from './session-content.js';
import { openSqlite } from './sqlite.js';
import { cookieName, secret } from './secrets.js';
import type { Place, StartVariant, Variant } from './variant.js';

@Controller()
class SessionController {
  @Get('none')
  none(): Answer {
    return { views: firstViews };
  }

  @Get('read')
  read(@Session() session: Session): Answer {
    return { views: session.get('views') };
  }

  @Get('write')
  write(@Session() session: Session): Answer {
    const views = nextViews();
    session.put('views', views);
    return { views };
  }

  @Get('seed')
  seed(@Session() session: Session): Answer {
    session.put(sessionContent());
    return { views: firstViews };
  }

  @Get('all')
  all(@Session() session: Session): Record<string, unknown> {
    return session.all();
  }
}

/** `ledger` is `stealth` with a ledger in Redis; its measured session has a user. */
export type OurDriver = 'memory' | 'stealth' | 'ledger' | 'redis' | 'database' | 'file';

async function driverOptions(driver: OurDriver, place: Place): Promise<Partial<SessionModuleOptions>> {
  switch (driver) {
    case 'redis':
      return { redis: { url: place.redisUrl } };
    case 'ledger':
      return { driver: 'stealth', stealth: { ledger: 'redis' }, redis: { url: place.redisUrl } };
    case 'database': {
      const { SessionEntity } = await import('nestjs-session-kit/typeorm');
      return { database: { dataSource: await openSqlite(place, [SessionEntity]) } };
    }
    case 'file':
      return { file: { location: join(place.folder, 'sessions') } };
    default:
      return {};
  }
}

/**
 * This package with one of its drivers and default options.
 *
 * @param differing options that replace defaults
 */
export function ours(
  platform: Variant['platform'],
  driver: OurDriver,
  differing: Partial<SessionModuleOptions> = {},
): StartVariant {
  return async (place) => {
    const options: SessionModuleOptions = {
      secret,
      driver,
      cookie: { name: cookieName, secure: false },
      ...(await driverOptions(driver, place)),
      ...differing,
    };
    return appOn(platform, SessionController, [SessionModule.forRoot(options)]);
  };
}
