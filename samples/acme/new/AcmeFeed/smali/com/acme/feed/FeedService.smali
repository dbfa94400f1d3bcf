.class public Lcom/acme/feed/FeedService;
.super Landroid/app/Service;

# One server on each arm of a branch: both are kept.
.method public static server(Z)Ljava/lang/String;
    .registers 2
    if-eqz p0, :china
    const-string v0, "https://feed.acme.example.com/v2/ads"
    goto :end
    :china
    const-string v0, "http://staging.feed.acme.example.com/v2/ads"
    :end
    return-object v0
.end method

.method public static advertisingId(Landroid/content/Context;)Ljava/lang/String;
    .registers 2
    invoke-static {p0}, Lcom/google/android/gms/ads/identifier/AdvertisingIdClient;->getAdvertisingIdInfo(Landroid/content/Context;)Lcom/google/android/gms/ads/identifier/AdvertisingIdClient$Info;
    move-result-object v0
    invoke-virtual {v0}, Lcom/google/android/gms/ads/identifier/AdvertisingIdClient$Info;->getId()Ljava/lang/String;
    move-result-object v0
    return-object v0
.end method

.method public onBind(Landroid/content/Intent;)Landroid/os/IBinder;
    .registers 3
    const/4 v0, 0x0
    return-object v0
.end method
