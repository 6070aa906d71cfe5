import { Controller, Get } from '@nestjs/common';
import { appOn } from './nest-app.js';
import { firstViews, nextViews, type Answer } from './session-content.js';
import type { StartVariant, Variant } from './variant.js';

@Controller()
class BareController {
  @Get('none')
  none(): Answer {
    return { views: firstViews };
  }

  @Get('read')
  read(): Answer {
    return { views: firstViews };
  }

  @Get('write')
  write(): Answer {
    return { views: nextViews() };
  }
}

/** Nest doing the same work without a session. */
export function bare(platform: Variant['platform']): StartVariant {
  return () => appOn(platform, BareController);
}
