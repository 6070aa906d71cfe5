import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  Get,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
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

class EmptyInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

/** Handlers that correspond to session handlers have an interceptor, because `@Session()` adds one. */
@Controller()
class InterceptedController {
  @Get('none')
  none(): Answer {
    return { views: firstViews };
  }

  @UseInterceptors(EmptyInterceptor)
  @Get('read')
  read(): Answer {
    return { views: firstViews };
  }

  @UseInterceptors(EmptyInterceptor)
  @Get('write')
  write(): Answer {
    return { views: nextViews() };
  }
}

/** Nest doing the same work without a session. */
export function bare(platform: Variant['platform']): StartVariant {
  return () => appOn(platform, BareController);
}

/** The same with a no-op interceptor, to show what Nest itself takes for one. */
export function intercepted(platform: Variant['platform']): StartVariant {
  return () => appOn(platform, InterceptedController);
}
