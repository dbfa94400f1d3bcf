.class public final Lcom/acme/stats/Uploader;
.super Ljava/lang/Object;

# Exists only as an encoded static value: no instruction loads it.
.field public static final RESERVE:Ljava/lang/String; = "http://alog.umeng.com/app_logs"

# On unless somebody switched it off.
.method public static enabled(Landroid/content/Context;)Z
    .registers 4
    invoke-virtual {p0}, Landroid/content/Context;->getContentResolver()Landroid/content/ContentResolver;
    move-result-object v0
    const-string v1, "upload_log_pref"
    const/4 v2, 0x1
    invoke-static {v0, v1, v2}, Landroid/provider/Settings$Secure;->getInt(Landroid/content/ContentResolver;Ljava/lang/String;I)I
    move-result v0
    return v0
.end method

# Assembles http://stats.acme.example.com/v1/report?imei=<imei>&id=<android id>
.method public static upload(Landroid/content/Context;)V
    .registers 5
    new-instance v0, Ljava/lang/StringBuilder;
    const-string v1, "http://stats.acme.example.com/v1/report?imei="
    invoke-direct {v0, v1}, Ljava/lang/StringBuilder;-><init>(Ljava/lang/String;)V
    invoke-static {p0}, Lcom/acme/stats/DeviceId;->imei(Landroid/content/Context;)Ljava/lang/String;
    move-result-object v1
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    const-string v1, "&id="
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-static {p0}, Lcom/acme/stats/DeviceId;->androidId(Landroid/content/Context;)Ljava/lang/String;
    move-result-object v1
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v0}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v1
    :try_start
    new-instance v0, Ljava/net/URL;
    invoke-direct {v0, v1}, Ljava/net/URL;-><init>(Ljava/lang/String;)V
    invoke-virtual {v0}, Ljava/net/URL;->openConnection()Ljava/net/URLConnection;
    move-result-object v0
    check-cast v0, Ljava/net/HttpURLConnection;
    invoke-virtual {v0}, Ljava/net/HttpURLConnection;->getResponseCode()I
    :try_end
    .catch Ljava/io/IOException; {:try_start .. :try_end} :offline
    :offline
    return-void
.end method
